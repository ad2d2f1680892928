"""What is a photograph, and what is in it?"""
