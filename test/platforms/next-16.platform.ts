import { describeRecipe } from './next-recipe.js'

describeRecipe('next-16')
