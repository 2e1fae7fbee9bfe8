"""The schema's versions, shipped with the package; `talkies.database.upgrade` runs them."""
