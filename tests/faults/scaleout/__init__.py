"""Several hosts on one machine: network namespaces, two web hosts, two job hosts and a PostgreSQL, cut off and killed."""
