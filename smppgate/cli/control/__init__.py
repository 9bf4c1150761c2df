"""The commands that look at a running gate and change it, over its admin socket.

They load neither Twisted nor the settings, so that a script has its answer at once: nothing of
`smppgate.txsmpp` or `smppgate.settings` is imported here.
"""
