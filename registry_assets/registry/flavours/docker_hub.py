"""Docker Hub: repositories and tags from the Hub API, content from its registry.

https://docs.docker.com/reference/api/hub/latest/
"""



