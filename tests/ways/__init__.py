"""The way of a thing through the code: which files a real run enters, and how often it returns to one already left."""
