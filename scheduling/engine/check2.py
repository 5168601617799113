import time, sys, random, json
from pathlib import Path
import numpy as np

sys.path.insert(0, "/work/main")
sys.path.insert(0, "/work/shared/engine")
from scheduling.engine import arrays, instance, kernels, lunches
from scheduling.engine.search import anneal
import score as J

i = instance.load(Path(sys.argv[1]))
raw = json.load(open(sys.argv[1]))
a = arrays.build(i)
m = a.model
tries = int(sys.argv[2])
hot = float(sys.argv[3])
cold = float(sys.argv[4])
pool = np.arange(m.home.size, dtype=np.int32)
weeks = np.arange(m.week_goal.size, dtype=np.int32)
for seed in range(int(sys.argv[5])):
    s = kernels.new_state(m, seed)
    bs, br = s.start.copy(), s.room.copy()
    if seed == 0:
        anneal.anneal(m, s, pool, 0, 50.0, 1.0, bs, br, s.total[0])
        anneal.descend(m, s, pool[:0])
    t = time.time()
    b = anneal.anneal(m, s, pool, tries, hot, cold, bs, br, s.total[0])
    el = time.time() - t
    anneal.restore(m, s, pool, bs, br)
    n = anneal.descend(m, s, pool)
    tot = s.total[0]
    ch = np.full(m.cell_end.size, -1, np.int32)
    ex = lunches.best_lunches(m, s, weeks, ch)
    exact = tot + ex - s.value.sum() + a.constant
    ev = {
        i.events[a.events[k]].id: {"start": int(s.start[k]), "room": i.rooms[s.room[k]].id if s.room[k] >= 0 else None}
        for k in pool
        if s.start[k] != m.home[k] or s.room[k] != m.home_room[k]
    }
    lu = {}
    for c in range(ch.size):
        if ch[c] >= 0:
            lu.setdefault(i.people[m.cell_person[c]].id, []).append(
                [int(m.lunch_start[ch[c]]), int(m.lunch_end[ch[c]])]
            )
    r = J.judge(raw, {"events": ev, "lunches": lu})
    print(
        seed,
        "rate",
        round(tries / el / 1e3),
        "k/s sec",
        round(el, 2),
        "near",
        tot + a.constant,
        "exact",
        exact,
        "judge",
        r["score"],
        r["valid"],
        r["errors"][:3],
        "moved",
        len(ev),
        n,
    )
