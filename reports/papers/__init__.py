"""Papers: what is printed, signed and filed. The read model of a reporting period, and the draft
report as .docx and .xlsx written from it."""
