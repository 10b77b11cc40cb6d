"""`make .env.example`: every setting and its development default, from the code that reads them."""

from paygate.config import example

if __name__ == "__main__":
    print(example(), end="")
