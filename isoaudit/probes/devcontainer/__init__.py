"""devcontainer.json: the container that an editor makes for whoever works on a project."""
