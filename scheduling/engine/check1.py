import time, sys, random
from pathlib import Path

sys.path.insert(0, "/work/main")
from scheduling.engine import arrays, instance, kernels, score

i = instance.load(Path(sys.argv[1]))
a = arrays.build(i)
t = time.time()
s = kernels.new_state(a.model, 1)
print("state", time.time() - t)
print(s.total, a.constant + s.total[0])
