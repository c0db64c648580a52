"""`make bench`: how fast hotpress is beside what others use, in the same run.

Numbers of one machine mean little, ratios travel: every metric is taken beside a reference,
round by round in turn, and the medians are compared. It measures, it does not judge: the
exit code is 0 whether targets are met or not.
"""
