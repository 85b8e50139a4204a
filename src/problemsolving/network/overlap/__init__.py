"""Who is known to several agencies: more people than chance, which agencies share them, and who is on no list."""
