"""The light reader: what the header of a media file says, with no other package; pure, and bounded on any file."""
