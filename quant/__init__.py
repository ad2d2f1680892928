"""Which integers stand for the trained floats?"""
