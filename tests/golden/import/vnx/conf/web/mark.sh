# counts how often it ran
echo ran >>/srv/mark
