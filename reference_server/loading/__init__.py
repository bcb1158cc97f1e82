"""Loading: a large synthetic archive enters the index from a listing, without a request per study."""
