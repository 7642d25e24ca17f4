// ClassifierReward
