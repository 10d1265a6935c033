"""The sink stage, which writes feedback records to the database, each record in one transaction."""
