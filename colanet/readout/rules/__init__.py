"""The rules that come with colanet, one a file: the file's name is the rule's."""
