"""What readers see: the published file, the close report and the Data Docs."""
