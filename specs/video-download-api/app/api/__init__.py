"""The HTTP interface of the video download API's stand-in."""
