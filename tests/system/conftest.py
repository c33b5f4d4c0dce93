"""What the system tests share: the harness on the path, and routes as text for gong.conf."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
