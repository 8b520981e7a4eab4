"""Items, users, events, ids; SQL; data set readers; verified assets; snapshots; the error tree."""
