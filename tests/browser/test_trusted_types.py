"""What becomes HTML in a page passes the trusted types policy: ours goes in, a stranger's script doesn't."""

from tests.browser.conftest import Site

TRY = """(text) => {
    const place = document.createElement("div");
    try { place.innerHTML = text; } catch (refused) { return refused.name; }
    return place.innerHTML;
}"""


def test_html_that_would_run_is_refused_and_other_html_is_not(site: Site) -> None:
    site.page.goto(site.url)
    assert site.page.evaluate(TRY, "<p>Größe <b>9 on=5</b> &lt;script&gt;</p>").startswith("<p>Größe")
    for hostile in (
        "<img src=x onerror=alert(1)>",
        "<script>alert(1)</script>",
        "<a href=' javascript:alert(1)'>x</a>",
        "<iframe srcdoc='x'></iframe>",
        "<template><img src=x onerror=alert(1)></template>",
        "<svg onload=alert(1)>",
        "<base href=https://elsewhere.example>",
    ):
        assert site.page.evaluate(TRY, hostile) == "TypeError", hostile


def test_a_string_never_becomes_a_script(site: Site) -> None:
    site.page.goto(site.url)
    refused = (
        "() => { try { document.createElement('script').text = '1'; return 'taken' } catch (e) { return e.name } }"
    )
    assert site.page.evaluate(refused) == "TypeError"
