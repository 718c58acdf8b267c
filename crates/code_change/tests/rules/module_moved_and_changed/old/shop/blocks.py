class State(list):
    def set(self, state):
        self.append(state)
    def reset(self):
        self.pop()
    def isstate(self, state):
        return bool(self) and self[-1] == state
class Parser:
    def __init__(self):
        self.state = State()
    def parse(self, lines):
        self.state.set("open")
        out = [line.upper() for line in lines]
        self.state.reset()
        return out
