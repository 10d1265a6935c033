"""The database: tables, connections, roles, keys, tombstones, legal holds and the audit trail."""
