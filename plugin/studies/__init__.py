"""Studies for operators: tables and a question file in, a report out. They read files and never the database."""
