"""The JSON API, with which programs read and act for a person as that person does on the pages."""
