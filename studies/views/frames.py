"""A page of this site in a frame of this site, and nowhere else."""

from csp.constants import SELF
from csp.decorators import csp_replace, csp_update

in_own_frame = csp_replace({"frame-ancestors": [SELF]})
with_frames = csp_update({"frame-src": [SELF]})
