"""Evidence beside the match: what a trusted clock says of a manifest, what a file's credentials say of it.

Both are optional (the extra `evidence`) and neither decides a finding: a timestamp shows that a manifest
existed at an instant, content credentials show who signed what, not that a caption is right.
"""

from __future__ import annotations
