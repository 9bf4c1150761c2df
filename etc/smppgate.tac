# The gate as a Twisted application, for those who start theirs from a .tac file:
#
#     twistd -ny etc/smppgate.tac
#
# The configuration is the file that SMPPGATE_CONFIG names, by default smppgate.toml in the
# working directory. Other services of yours can be given the same parent.

import os

from twisted.application.service import Application
from twisted.internet import reactor

from smppgate.tap import Program

application = Application("smppgate")
gate = Program.of(os.environ.get("SMPPGATE_CONFIG", "smppgate.toml"), reactor)
gate.setServiceParent(application)
