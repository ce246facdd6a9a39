"""Systems: everything that advises, behind one interface, each hearing only what it declares."""
