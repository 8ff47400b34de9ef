"""The page of lifetime value: who stays, what one is worth, what winning one costs, and what each number is made of."""
