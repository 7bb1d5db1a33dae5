"""The entity graph for other tools, streamed from the published warehouse in bounded memory."""
