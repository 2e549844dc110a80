"""What the application needs from its host, looked at afresh each time. Standard library only."""

import shutil
import subprocess
import tempfile
from pathlib import Path

#: Where downloads are kept until they are fetched: beside start.py.
TEMP = Path(__file__).resolve().parent.parent / "temp"


def ffmpeg_version():
    """Runs ffmpeg and returns the first line it prints. Raises OSError with the reason where it does not run."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise OSError("ffmpeg is not installed")
    try:
        result = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=10, check=False)
    except subprocess.TimeoutExpired:
        raise OSError("ffmpeg does not answer") from None
    if result.returncode != 0:
        raise OSError(f"ffmpeg ends with status {result.returncode}")
    return result.stdout.partition("\n")[0]


def try_temp():
    """Writes to the temp folder and removes it again. Raises OSError with the reason where that fails."""
    if not TEMP.is_dir():
        raise OSError(f"the temp folder {TEMP} is missing")
    try:
        with tempfile.NamedTemporaryFile(dir=TEMP, prefix=".health-") as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        raise OSError(f"the temp folder {TEMP} is not writable: {error.strerror}") from error


def disk():
    """Returns total, used and free bytes of the disk that holds the temp folder."""
    return shutil.disk_usage(TEMP if TEMP.is_dir() else TEMP.parent)


def missing():
    """Returns one sentence for each thing that is missing; empty where the application can work."""
    return [str(error) for error in map(_failure, (ffmpeg_version, try_temp, disk)) if error]


def _failure(look):
    try:
        look()
    except OSError as error:
        return error
    return None
