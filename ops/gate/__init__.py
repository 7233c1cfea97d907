"""The gate after a deployment: it talks the protocol to every server, and says what differs from what is declared."""
