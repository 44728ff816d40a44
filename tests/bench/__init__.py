"""The benches themselves: each runs, small, and says what its line of JSON must say."""
