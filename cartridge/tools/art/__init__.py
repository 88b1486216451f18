"""Everything that is drawn in Fernvale: small integer code and text grids, the same bytes on every machine.

``README.md`` in this folder lists the cells for authors of maps and the calls for the build.
"""
