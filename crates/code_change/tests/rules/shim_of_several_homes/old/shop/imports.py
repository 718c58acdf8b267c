def lazy_import(names, aliases, deprecated_aliases):
    names.update(aliases, **deprecated_aliases)
