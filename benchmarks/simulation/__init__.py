"""Ask or recommend, by the multi-round protocol of SCPR and UNICORN on LastFM*: a simulated user has one item in mind,
names one of its attributes, answers a question about one attribute or refuses a list of ten in each turn.

Lei et al. 2020, "Interactive Path Reasoning on Graph for Conversational Recommendation" (SCPR); Deng et al. 2021,
"Unified Conversational Recommendation Policy Learning via Graph-based Reinforcement Learning" (UNICORN).
"""
