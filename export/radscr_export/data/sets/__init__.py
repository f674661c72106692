"""One module a published file layout: each lists the frontal films of a data set."""
