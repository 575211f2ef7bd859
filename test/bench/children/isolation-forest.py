# scikit-learn's Isolation Forest over a stream of rows: each is judged alone, by the forest that
# was fitted last, and only then belongs to the past. Reads one JSON object a line, with rows, how
# many are between two fits, how many of the latest are fitted on, and a seed; answers with seconds
# of processor time and with how strange each row was.

import json
import sys
import time
import warnings

import numpy
from sklearn.ensemble import IsolationForest

warnings.filterwarnings("ignore")
print(json.dumps({"isReady": True}), flush=True)

for line in sys.stdin:
    asked = json.loads(line)
    rows = numpy.array(asked["rows"], dtype=float)
    every, window = asked["every"], asked["window"]
    forest = None
    strangeness = []
    began = time.process_time()
    for i in range(len(rows)):
        row = rows[i : i + 1]
        strangeness.append(0.0 if forest is None else -float(forest.score_samples(row)[0]))
        if (i + 1) % every == 0:
            past = rows[max(0, i + 1 - window) : i + 1]
            forest = IsolationForest(random_state=asked["seed"]).fit(past)
    seconds = time.process_time() - began
    print(json.dumps({"seconds": seconds, "strangeness": strangeness}), flush=True)
