"""Which network on which board: how accurate, how fast, how big?"""
