import os
import time

print("working", len(os.environ["TOKEN"]))
while True:
    time.sleep(60)
