"""Language models that choose among options: back-ends, and the cache, budget and retries around them."""
