import subprocess

from clockwise.demo import environment


def test_a_shell_reads_the_exports_as_they_are() -> None:
    values = {"DATABASE_URL": "postgres://cw_app@/clockwise?host=/run", "SECRET_KEY": 'it\'s $HOME `date` \\ "x"'}
    script = environment.exports(values) + 'printf "%s\\n" "$DATABASE_URL" "$SECRET_KEY"'

    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout

    assert said.splitlines() == list(values.values())
