"""Deep retraining: the backbone is fine-tuned with torch, then gets the same quick heads."""

import os

# Threads that wait without spinning: beside other busy programs training is 2 to 6 times faster
# (128 px on 2 cores at load 5: 26 instead of 4 photos/s). Read when torch is first imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
