"""Small nets, unchanged from their packages; `THIRD_PARTY.md` names licences and sources."""
