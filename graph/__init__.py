"""The user-item bipartite graph, LightGCN, exact contributions, evidence paths."""
