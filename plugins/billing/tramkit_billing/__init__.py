"""Bills: electricity, water, internet, telephone, tuition, apartment fee."""
