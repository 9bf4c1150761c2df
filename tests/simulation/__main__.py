import sys
from tests.simulation.scenario import scenario
from tests.simulation.world import World
from tests.simulation.trace import Violation
import time
if sys.argv[1]=='--seed':
    w=World(scenario(int(sys.argv[2])))
    print(w.plan)
    try: w.run()
    finally: print("\n".join(w.trace.lines()))
a=[int(x) for x in sys.argv[1:3]]
import gc
gc.collect(); gc.freeze(); gc.disable()
bad=0
t=time.process_time(); n=0
for seed in range(a[0], a[1]):
    w=World(scenario(seed))
    try:
        w.run(); n+=w.steps
    except Violation as e:
        w=None; gc.collect()
        bad+=1
        print(str(e)[:6000]); 
        if bad>=int(sys.argv[3]): break
    except Exception:
        print("seed",seed); raise
d=time.process_time()-t
print("bad",bad,"s/seed",d/(seed-a[0]+1),"steps/seed",n/(seed-a[0]+1))
